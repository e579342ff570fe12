// The chart island: a figure with a table inside becomes a picture with the same table beneath it.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { all, make, one } from "./dom";

echarts.use([BarChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

type Series = { name: string; values: (number | null)[]; stack?: string };
type Data = { labels: string[]; series: Series[]; unit?: string; max?: number; min?: number };

function fromTable(table: HTMLTableElement): Data {
  const head = [...(table.tHead?.rows[0]?.cells ?? [])].slice(1).map((c) => c.textContent?.trim() ?? "");
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const number = (text: string) => (/\d/.test(text) ? Number(text.replace(/[^\d.-]/g, "")) : null);
  return {
    labels: rows.map((r) => r.cells[0]?.textContent?.trim() ?? ""),
    series: head.map((name, i) => ({ name, values: rows.map((r) => number(r.cells[i + 1]?.textContent ?? "")) })),
    unit: table.dataset.unit,
    min: table.dataset.min ? Number(table.dataset.min) : undefined,
  };
}

function toTable(data: Data): HTMLElement {
  const th = (text: string, scope: string) => make("th", { scope }, text);
  const head = make("tr", {}, make("td"), ...data.series.map((s) => th(s.name, "col")));
  const body = data.labels.map((l, i) => make("tr", {}, th(l, "row"), ...data.series.map((s) => make("td", { class: "n" }, s.values[i] == null ? "—" : String(s.values[i])))));
  const table = make("table", { class: "table" }, make("thead", {}, head), make("tbody", {}, ...body));
  const english = document.documentElement.lang.startsWith("en");
  return make("details", {}, make("summary", {}, english ? "Show the numbers" : "看数字表格"), table);
}

function option(kind: string, data: Data, css: CSSStyleDeclaration, title: string): echarts.EChartsCoreOption {
  const c = (name: string) => css.getPropertyValue(name).trim();
  const text = { color: c("--ink"), fontFamily: css.fontFamily, fontSize: 13 };
  const palette = ["--brand", "--warn", "--info", "--ok", "--bad", "--line-2"].map(c);
  const symbols = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect"];
  const shared = {
    color: palette,
    animation: false,
    textStyle: text,
    aria: { enabled: true, label: { description: title }, decal: { show: kind === "stack" || kind === "pie" } },
    legend: { show: data.series.length > 1 || kind === "pie", top: 0, textStyle: text, itemGap: 16, formatter: (n: string) => (kind === "pie" ? `${n} ${data.series[0]?.values[data.labels.indexOf(n)] ?? ""}` : n) },
    // Rich text, because strings of HTML with inline styles are refused by our content policy.
    tooltip: { trigger: kind === "pie" ? "item" : "axis", renderMode: "richText", confine: true, backgroundColor: c("--surface"), borderColor: c("--line-2"), textStyle: text },
  };
  if (kind === "pie") {
    const first = data.series[0];
    const slices = data.labels.map((name, i) => ({ name, value: first?.values[i] ?? 0 }));
    return {
      ...shared,
      series: [{ type: "pie", radius: ["38%", "66%"], center: ["50%", "58%"], data: slices, label: { ...text, formatter: "{d}%" }, itemStyle: { borderColor: c("--surface"), borderWidth: 2 } }],
    };
  }
  const line = kind === "line";
  const axis = { axisLabel: { color: c("--ink-2"), fontSize: 12 }, axisLine: { lineStyle: { color: c("--line-2") } }, axisTick: { show: false } };
  return {
    ...shared,
    grid: { left: 4, right: 12, top: data.series.length > 1 ? 40 : 20, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "category", data: data.labels, boundaryGap: !line, ...axis },
    yAxis: { type: "value", max: data.max ?? (data.unit === "%" ? 100 : undefined),
      splitNumber: 4,
      min: data.min, ...axis, axisLabel: { ...axis.axisLabel, formatter: `{value}${data.unit ?? ""}` }, splitLine: { lineStyle: { color: c("--line") } } },
    series: data.series.map((s, i) => ({
      name: s.name,
      type: line ? "line" : "bar",
      data: s.values,
      // A day without a call is no break in the rate.
      connectNulls: line,
      stack: kind === "stack" ? (s.stack ?? "all") : undefined,
      symbol: symbols[i % symbols.length],
      symbolSize: 7,
      barMaxWidth: 36,
      lineStyle: { width: 2.25 },
    })),
  };
}

function start(figure: HTMLElement) {
  const json = one('script[type="application/json"]', figure)?.textContent;
  const table = one<HTMLTableElement>("table", figure);
  if (!json && !table) return;
  const data = json ? (JSON.parse(json) as Data) : fromTable(table!);
  if (!table) figure.append(toTable(data));
  const title = one("figcaption", figure)?.textContent?.trim() ?? "";
  const canvas = make("div", { class: "canvas", role: "img", "aria-label": title });
  const caption = one("figcaption", figure);
  if (caption) caption.after(canvas);
  else figure.prepend(canvas);
  one(".wait", figure)?.remove();
  const chart = echarts.init(canvas, null, { renderer: "svg" });
  const draw = () => chart.setOption(option(figure.dataset.chart ?? "bar", data, getComputedStyle(figure), title), true);
  draw();
  new ResizeObserver(() => chart.resize()).observe(canvas);
  document.addEventListener("linli:prefs", draw);
  figure.dataset.ready = "";
}

for (const figure of all("[data-chart]")) start(figure);
