"""Planner benchmark against OR-Tools SimpleMinCostFlow: same run, same instances, equal optimum asserted.

CPU seconds throughout, the median of several runs on both sides. OR-Tools' time is its solve() alone; what it takes to hand it the arcs is not counted, while
ours counts from the compiled problem to the optimal flow, network construction included.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from ortools.graph.python import min_cost_flow


# Linux counts a child's memory from before it became another program, so a child of this process, which holds whole
# instances, would be charged with these. A small process in between is charged with next to nothing.
LAUNCH = """import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
os.write(int(sys.argv[1]), str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss).encode())
sys.exit(code)"""


def run(*args):
    """Runs a command; gives its JSON answer and its own peak memory in MB."""
    answer, told = os.pipe()
    try:
        command = [sys.executable, "-S", "-E", "-c", LAUNCH, str(told), *(str(a) for a in args)]
        done = subprocess.run(command, capture_output=True, text=True, pass_fds=[told])
    finally:
        os.close(told)
    with os.fdopen(answer) as pipe:
        peak = int(pipe.read() or 0) / 1024
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return (json.loads(done.stdout) if done.stdout.strip() else None), peak


def solve_flow(tails, heads, caps, costs, supply):
    """OR-Tools: optimal cost and CPU seconds of solve()."""
    flow = min_cost_flow.SimpleMinCostFlow()
    as64 = lambda a: np.asarray(a, dtype=np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(
        np.asarray(tails, dtype=np.int32), np.asarray(heads, dtype=np.int32), as64(caps), as64(costs))
    flow.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), as64(supply))
    begun = time.process_time()
    status = flow.solve()
    used = time.process_time() - begun
    assert status == flow.OPTIMAL, status
    return flow.optimal_cost(), used


def transport_network(inst, horizon):
    people = [sum(b["households"]) for b in inst["buildings"]]
    nb, ns = len(people), len(inst["sites"])
    arcs = np.array([a for a in inst["arcs"] if people[a[0]]], dtype=np.int64)
    people = np.array(people)
    caps = [sum(s["capacity"][: horizon + 1]) for s in inst["sites"]]
    tails = np.concatenate([arcs[:, 0], np.arange(nb, nb + ns)])
    heads = np.concatenate([arcs[:, 1] + nb, np.full(ns, nb + ns)])
    cap = np.concatenate([people[arcs[:, 0]], caps])
    cost = np.concatenate([arcs[:, 2], np.zeros(ns, dtype=np.int64)])
    supply = np.concatenate([people, np.zeros(ns, dtype=np.int64), [-people.sum()]])
    return tails, heads, cap, cost, supply


# The prices of crates/planner/src/replan.rs.
LATER, SLOT, ELSEWHERE, NOWHERE = 60, 30, 300, 200_000


def replan_network(inst, plan, events):
    """The replan problem written out anew: rows, queues and cells of a time-expanded network."""
    slots, called = inst["slots"], events["called"]
    width, ns = slots - called - 1, len(inst["sites"])
    capacity = [[(s["capacity"] + [0] * slots)[t] for t in range(slots)] for s in inst["sites"]]
    for c in events["changes"]:
        for t in range(c["from"], slots):
            capacity[c["site"]][t] = int(capacity[c["site"]][t] * c["factor"])
    walks = {}
    for b, s, m in inst["arcs"]:
        walks.setdefault(b, {})
        walks[b][s] = min(m, walks[b].get(s, m))
    rows = [r for r in plan["assignments"] if r[2] > called]
    cells = ns * width
    cell = lambda s, t: len(rows) + s * width + t - called - 1
    tails, heads, caps, costs = [], [], [], []

    def arc(a, b, cap, cost):
        tails.append(a), heads.append(b), caps.append(cap), costs.append(cost)

    sink = len(rows) + 2 * cells
    for i, (b, s, t, n) in enumerate(rows):
        assert inst["buildings"][b].get("latest", slots - 1) >= slots - 1, "the harness replans without windows"
        arc(i, cell(s, t), n, 0)
        if t + 1 < slots:
            arc(i, cells + cell(s, t + 1), n, LATER + SLOT)
        for other, metres in walks[b].items():
            if other != s:
                arc(i, cells + cell(other, t), n, ELSEWHERE + max(0, metres - walks[b][s]))
        arc(i, sink, n, NOWHERE)
    big = sum(r[3] for r in rows)
    for s in range(ns):
        for t in range(called + 1, slots):
            arc(cell(s, t), sink, capacity[s][t], 0)
            arc(cells + cell(s, t), cell(s, t), big, 0)
            if t + 1 < slots:
                arc(cells + cell(s, t), cells + cell(s, t + 1), big, SLOT)
    supply = [r[3] for r in rows] + [0] * (2 * cells) + [-big]
    return tails, heads, caps, costs, supply


def market_network(market, arcs):
    """Needs, (helper, block) hubs, helpers; the last arc of a need is staying unserved."""
    first, owner = [], []
    for h, helper in enumerate(market["helpers"]):
        first.append(len(owner))
        owner += [h] * len(set(helper["blocks"]))
    nn, nb, nh = len(market["needs"]), len(owner), len(market["helpers"])
    sink = nn + nb + nh
    units = [n["units"] for n in market["needs"]]
    arcs = np.array(arcs, dtype=np.int64)
    heads = np.where(arcs[:, 1] >= nb + nh, sink, arcs[:, 1] + nn)
    caps = np.array(units)[arcs[:, 0]]
    tails = np.concatenate([arcs[:, 0], np.arange(nn, nn + nb), np.arange(nn + nb, sink)])
    heads = np.concatenate([heads, np.array(owner) + nn + nb, np.full(nh, sink)])
    caps = np.concatenate([caps, np.ones(nb, dtype=np.int64), [h["capacity"] for h in market["helpers"]]])
    costs = np.concatenate([arcs[:, 2], np.zeros(nb + nh, dtype=np.int64)])
    supply = np.concatenate([units, np.zeros(nb + nh, dtype=np.int64), [-sum(units)]])
    return tails, heads, caps, costs, supply


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * q))]


class Bench:
    def __init__(self, args):
        self.a, self.work, self.rows = args, args.out / "planner", []
        self.work.mkdir(parents=True, exist_ok=True)

    def row(self, what, size, figure, value, goal, good):
        self.rows.append(dict(what=what, size=size, figure=figure, value=value, goal=goal, good=bool(good)))
        print(f"{'ok  ' if good else 'MISS'} {size:9} {what:12} {figure:42} {value:>12} (goal {goal})", flush=True)

    def instances(self, size, count):
        """Generated seeds with a plan at all; the generator also makes impossible ones, which are skipped aloud."""
        seed, made = 0, 0
        while made < count:
            seed += 1
            path = self.work / f"{size}-{seed}.json"
            if not path.exists():
                run(self.a.linli, "plan", "generate", "--size", size, "--seed", seed, "--out", path)
            try:
                facts, _ = run(self.a.measure, path, 0)
            except RuntimeError as error:
                print(f"     {size} seed {seed}: {error}", flush=True)
                continue
            made += 1
            yield seed, path, facts

    def stages(self, size, count, seconds, goal_ratio, goal_gap):
        ratios, gaps, shares, solved, out = [], [], [], [], []
        peak = 0
        for seed, path, facts in self.instances(size, count):
            inst = json.loads(path.read_text())
            network = transport_network(inst, facts["horizon"])
            times = []
            for _ in range(3):
                cost, used = solve_flow(*network)
                assert cost == facts["walk"], f"seed {seed}: {cost} != {facts['walk']}"
                times.append(used)
            theirs = statistics.median(times)
            ratios.append(theirs / facts["walk_cpu"])
            plan_path = self.work / f"{size}-{seed}-plan.json"
            plan, mb = run(self.a.linli, "plan", "solve", path, "--out", plan_path, "--seconds", seconds,
                           "--slack", 1, "--json")
            peak = max(peak, mb)
            checked, _ = run(self.a.linli, "plan", "check", path, plan_path, "--json")
            assert not checked["faults"] and checked["over_capacity"] == 0
            gap = 100 * (plan["plan_cost"] / plan["plan_bound"] - 1)
            gaps.append(gap)
            split = plan["stages"]["plan"]["split_buildings"]
            solved.append(plan["finish_slot"] <= plan["finish_bound"] + 1)
            shares.append(split)
            out.append(dict(seed=seed, ortools=theirs, ours=facts["walk_cpu"], finish=facts["finish_cpu"], gap=gap,
                            T=plan["finish_bound"], split=split, cpu=plan["cpu_seconds"]))
            print(f"     {size} seed {seed}: OR-Tools {theirs:.4f} s, ours {facts['walk_cpu']:.4f} s, gap {gap:.2f} %,"
                  f" split {split}, plan CPU {plan['cpu_seconds']:.1f} s", flush=True)
        mid, least = statistics.median(ratios), min(ratios)
        self.row("walking", size, "OR-Tools CPU / ours, median (least)", f"{mid:.1f} ({least:.1f})", f">= {goal_ratio}",
                 mid >= goal_ratio)
        self.row("plan", size, f"J above bound in {seconds} s, median (most) %",
                 f"{statistics.median(gaps):.2f} ({max(gaps):.2f})", f"<= {goal_gap}", max(gaps) <= goal_gap)
        self.row("plan", size, "buildings split, median (most)", f"{statistics.median(shares):.0f} ({max(shares)})", "0 needed",
                 all(solved))
        self.row("plan", size, "peak memory of all runs, MB", f"{peak:.0f}", "< 300", peak < 300)
        return out

    def replans(self, size, count, goal_ms):
        seed, path, _ = next(self.instances(size, 1))
        plan_path = self.work / f"{size}-{seed}-plan.json"
        if not plan_path.exists():
            run(self.a.linli, "plan", "solve", path, "--out", plan_path, "--seconds", self.a.seconds, "--slack", 1, "--json")
        path, plan_path = self.work / f"{size}-{seed}.json", self.work / f"{size}-{seed}-plan.json"
        inst, plan = json.loads(path.read_text()), json.loads(plan_path.read_text())
        rng, times, theirs = random.Random(seed), [], []
        for kind in ("one closes", "one slows", "ten slow"):
            for n in range(count):
                sites = rng.sample(range(len(inst["sites"])), 10 if kind == "ten slow" else 1)
                factor = 0.0 if kind == "one closes" else 0.5
                called = rng.randrange(4, 12)
                events = dict(called=called, changes=[{"site": s, "from": called + 1, "factor": factor} for s in sites])
                events_path = self.work / f"{size}-events.json"
                events_path.write_text(json.dumps(events))
                facts, _ = run(self.a.linli, "plan", "replan", path, plan_path, events_path, "--json",
                               "--repeat", 3)
                times.append((kind, facts["cpu_seconds"]))
                if n < (3 if size == "district" else 1):
                    cost, used = solve_flow(*replan_network(inst, plan, events))
                    assert cost == facts["flow_cost"], f"{kind}: {cost} != {facts['flow_cost']}"
                    theirs.append(used)
        p99 = 1000 * quantile([t for _, t in times], 0.99)
        self.row("replan", size, "p99 of CPU ms, equal to solving anew", f"{p99:.2f}", f"< {goal_ms}", p99 < goal_ms)
        self.row("replan", size, "OR-Tools solving anew, median ms", f"{1000 * statistics.median(theirs):.0f}", "-", True)
        return [dict(kind=k, ms=1000 * t) for k, t in times]

    def matching(self, needs, helpers, kind, most, seeds):
        """A market with help enough (helpers give up to 3 units), or a scarce one (1 unit: fewer than asked for)."""
        ratios, inserts, gaps, out = [], [], [], []
        for seed in range(1, seeds + 1):
            path, arcs = self.work / f"market-{kind}-{seed}.json", self.work / f"arcs-{kind}.json"
            facts, _ = run(self.a.linli, "plan", "match", path, "--generate", f"{needs},{helpers},{seed},{most}",
                           "--arcs", arcs, "--json")
            market = json.loads(path.read_text())
            cost, theirs = solve_flow(*market_network(market, json.loads(arcs.read_text())))
            assert cost == facts["cost"], f"{cost} != {facts['cost']}"
            ratios.append(theirs / facts["cpu_seconds"])
            live, _ = run(self.a.linli, "plan", "match", path, "--live", 1000, "--json")
            inserts.append(1000 * live["insert_p99_seconds"])
            team, _ = run(self.a.linli, "plan", "match", path, "--teams", "--seconds", 10, "--json")
            gaps.append(team["at_most_percent_from_best"])
            out.append(dict(kind=kind, seed=seed, ortools=theirs, ours=facts["cpu_seconds"], search=facts["cpu_seconds"] -
                            facts["cpu_seconds_network"], insert_ms=inserts[-1],
                            cancel_ms=1000 * live["cancel_p99_seconds"], teams_gap=gaps[-1]))
            print(f"     market {seed}: {out[-1]}", flush=True)
        size = kind
        self.row("matching", size, "OR-Tools CPU / ours, median (least)",
                 f"{statistics.median(ratios):.1f} ({min(ratios):.1f})", ">= 20", statistics.median(ratios) >= 20)
        self.row("matching", size, "insertion p99 ms", f"{max(inserts):.3f}", "< 1", max(inserts) < 1)
        self.row("teams", size, "below bound in 10 s, most %", f"{max(gaps):.2f}", "<= 2", max(gaps) <= 2)
        return out

    def days(self):
        (seed, path, _), out = next(self.instances("district", 1)), []
        for load in (0.85, 0.9, 0.95, 1.0):
            plan_path = self.work / f"district-{seed}-load.json"
            try:
                run(self.a.linli, "plan", "solve", path, "--out", plan_path, "--seconds", 4, "--load", load, "--slack", 1,
                    "--json")
            except RuntimeError as error:
                print(f"     load {load}: {error}", flush=True)
                continue
            days, _ = run(self.a.linli, "plan", "simulate", path, plan_path, "--load", load, "--days", 5, "--json")
            bad, _ = run(self.a.linli, "plan", "simulate", path, plan_path, "--load", load, "--days", 5, "--bad-from", 8, "--json")
            mean = lambda list_, key: statistics.mean(d[key] for d in list_)
            out.append(dict(load=load, p95=mean(days, "wait_p95"), idle=100 * mean(days, "idle_mean"),
                            queue=mean(days, "queue_p95"),
                            bad=statistics.mean(d["replanned"]["wait_p95"] for d in bad),
                            alone=statistics.mean(d["unchanged"]["wait_p95"] for d in bad)))
            print(f"     load {load}: {out[-1]}", flush=True)
        fit = [d for d in out if d["p95"] <= 5 and d["idle"] <= 10]
        chosen = max(fit or out, key=lambda d: d["load"] if not fit else -d["p95"])
        self.row("day", "district", f"load {chosen['load']}: p95 wait min, idle %", f"{chosen['p95']:.1f}, {chosen['idle']:.1f}",
                 "<= 5, <= 10", chosen["p95"] <= 5 and chosen["idle"] <= 10)
        self.row("bad day", "district", "p95 wait min with live replan (without)",
                 f"{chosen['bad']:.1f} ({chosen['alone']:.1f})", "<= 30", chosen["bad"] <= 30)
        return out


def bars(path, title, groups, unit):
    """A plain SVG bar chart: groups = [(label, [(series, value)])]."""
    colours = {"OR-Tools": "#9aa5b1", "Linli": "#1f6feb", "alone": "#9aa5b1", "replanned": "#1f6feb"}
    most = max(v for _, s in groups for _, v in s) or 1
    width, height, left = 60 + 52 * len(groups), 240, 50
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
             f'font-size="11"><rect width="100%" height="100%" fill="white"/><text x="10" y="16" font-size="13">{title}</text>']
    for g, (label, series) in enumerate(groups):
        for k, (name, value) in enumerate(series):
            h = 160 * value / most
            x = left + 52 * g + 20 * k
            parts.append(f'<rect x="{x}" y="{200 - h:.1f}" width="18" height="{h:.1f}" '
                         f'fill="{colours.get(name, "#1f6feb")}"><title>{name}: {value:.3f} {unit}</title></rect>'
                         f'<text x="{x + 9}" y="{196 - h:.1f}" text-anchor="middle" font-size="8">{value:.3g}</text>')
        parts.append(f'<text x="{left + 52 * g + 19}" y="216" text-anchor="middle">{label}</text>')
    names = list(dict.fromkeys(n for _, s in groups for n, _ in s))
    for k, name in enumerate(names):
        parts.append(f'<rect x="{10 + 90 * k}" y="224" width="10" height="10" fill="{colours.get(name, "#1f6feb")}"/>'
                     f'<text x="{24 + 90 * k}" y="233">{name} ({unit})</text>')
    path.write_text("".join(parts) + "</svg>\n")


def main():
    p = argparse.ArgumentParser()
    for name in ("linli", "measure", "out", "docs"):
        p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("--seeds", type=int, default=10)
    p.add_argument("--city-seeds", type=int, default=2)
    p.add_argument("--market-seeds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--city-seconds", type=float, default=60)
    p.add_argument("--replans", type=int, default=30)
    p.add_argument("--only", help="parts to run, with commas (district, replan, days, plenty, scarce, city, replan_city); "
                   "none reports what other runs have left")
    p.add_argument("--quick", action="store_true", help="two seeds, no city")
    a = p.parse_args()
    if a.quick:
        a.seeds, a.city_seeds, a.market_seeds, a.replans = 2, 0, 1, 5
    bench = Bench(a)
    parts = dict(
        district=lambda: bench.stages("district", a.seeds, a.seconds, 10, 0.8),
        replan=lambda: bench.replans("district", a.replans, 5),
        days=bench.days,
        plenty=lambda: bench.matching(10_000, 15_000, "plenty", 3, a.market_seeds),
        scarce=lambda: bench.matching(10_000, 15_000, "scarce", 1, a.market_seeds),
        city=lambda: bench.stages("city", a.city_seeds, a.city_seconds, 25, 2.0),
        replan_city=lambda: bench.replans("city", max(3, a.replans // 5), 20))
    if not a.city_seeds:
        del parts["city"], parts["replan_city"]
    for name in [] if a.only == "none" else a.only.split(",") if a.only else parts:
        bench.rows = []
        found = parts[name]()
        (bench.work / f"part-{name}.json").write_text(json.dumps(dict(found=found, rows=bench.rows)))
    found, bench.rows = {}, []
    for name in parts:
        part = bench.work / f"part-{name}.json"
        if not part.exists():
            print(f"{name} has not been run: no report yet")
            return
        part = json.loads(part.read_text())
        found[name] = part["found"]
        bench.rows += part["rows"]
    found["table"] = bench.rows
    (a.out / "planner.json").write_text(json.dumps(found, indent=1))
    pictures = a.docs / "planner"
    pictures.mkdir(parents=True, exist_ok=True)
    bars(pictures / "walking.svg", "Walking stage, district size: CPU per seed",
         [(str(r["seed"]), [("OR-Tools", 1000 * r["ortools"]), ("Linli", 1000 * r["ours"])]) for r in found["district"]], "ms")
    bars(pictures / "gap.svg", "Plan cost above its proven bound, district size, T+1",
         [(str(r["seed"]), [("gap", r["gap"])]) for r in found["district"]], "%")
    bars(pictures / "days.svg", "p95 wait by load factor: bad day left alone and replanned",
         [(str(r["load"]), [("alone", r["alone"]), ("replanned", r["bad"]), ]) for r in found["days"]], "min")
    print("\n| what | size | figure | value | goal | held |\n|---|---|---|---|---|---|")
    for r in bench.rows:
        print(f"| {r['what']} | {r['size']} | {r['figure']} | {r['value']} | {r['goal']} | {'yes' if r['good'] else 'no'} |")


main()
