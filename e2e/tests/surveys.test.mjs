// A community's own questions: a file with mistakes, a right one, published, filled in on a phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, PHONE, accessible, fitsWidth, launch, person } from "../lib/browser.mjs";
import { start } from "../lib/server.mjs";

const WRONG = `survey,,,,
,type,name,label,relevant
,text,a b,甲,
,txet,c,乙,
,text,d,丙,\${没有} = 1
`;
const RIGHT = `survey,,,,,,,,
,type,name,label::中文 (zh),label::English (en),relevant,constraint,required,calculation
,select_one yn,has,家里养宠物吗,Any pets,,,yes,
,text,why,为什么不养,Why not,\${has} = 'no',,,
,begin_repeat,pet,宠物,Pet,\${has} = 'yes',,,
,text,kind,什么宠物,Which,,,yes,
,integer,age,几岁,How old,,. < 60,,
,end_repeat,,,,,,,
,calculate,total,,,,,,count(\${pet})
,note,sum,一共 \${total} 只,\${total} in all,\${has} = 'yes',,,
choices,,,,
,list_name,name,label::中文 (zh),label::English (en)
,yn,yes,养,Yes
,yn,no,不养,No
settings,,,
,form_title,form_id,version
,宠物登记,e2e_pets,1
`;

let server, browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const file = (text) => ({ name: "宠物.csv", mimeType: "text/csv", buffer: Buffer.from(text) });

async function bring(page, text) {
  await page.goto("/surveys");
  await page.setInputFiles("#file", file(text));
  await Promise.all([page.waitForLoadState("load"), page.click("form[action='/surveys'] button.primary")]);
}

test("a form is mended, published and filled in", async () => {
  const desk = await person(browser, server.origin, { device: DESK, login: "community001001" });
  await bring(desk.page, WRONG);
  const mistakes = desk.page.locator("table.table tbody tr");
  await mistakes.first().waitFor();
  assert.ok((await mistakes.count()) >= 3);
  assert.match(await mistakes.allInnerTexts().then((t) => t.join("\n")), /a b[\s\S]*txet[\s\S]*没有/);
  await accessible(desk.page, "the mistakes of a file");
  await desk.page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/wrong.png` : undefined, fullPage: true });
  await bring(desk.page, RIGHT);
  await desk.page.waitForURL(/\/surveys\/[0-9a-f-]+$/);
  await accessible(desk.page, "a form");
  await fitsWidth(desk.page, "a form");
  await desk.page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/form.png` : undefined, fullPage: true });
  desk.page.on("dialog", (dialog) => dialog.accept());
  await desk.page.click("form[action$='/publish'] button");
  const sure = desk.page.locator("dialog[open] .btn.primary, dialog[open] .btn.danger");
  if (await sure.count()) await sure.first().click();
  await desk.page.locator(".page-head .chip[data-tone=ok]").waitFor();

  const field = await person(browser, server.origin, { device: PHONE, login: "grid001001001" });
  const { page } = field;
  await page.goto("/surveys/for");
  await page.click("text=宠物登记");
  await page.waitForURL(/\/fill$/);
  assert.equal(await page.locator("text=为什么不养").count(), 0);
  // The choice shows its question without a press.
  await page.locator("label", { hasText: "不养" }).click();
  await page.locator("text=为什么不养").waitFor();
  await page.locator(".choice label").first().click();
  await page.locator("text=一共 0 只").waitFor();
  await page.click("text=添加宠物");
  await page.locator("input[name='pet/0/kind']").waitFor();
  await page.fill("input[name='pet/0/age']", "99");
  await page.locator("input[name='pet/0/kind']").focus();
  await page.locator("text=一共 1 只").waitFor();
  await page.click("button[value=send]");
  await page.locator(".errors").first().waitFor();
  await accessible(page, "a form with mistakes");
  await fitsWidth(page, "a form on a phone");
  await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/fill.png` : undefined, fullPage: true });
  await page.fill("input[name='pet/0/kind']", "狗");
  await page.fill("input[name='pet/0/age']", "3");
  await page.locator("input[name='pet/0/kind']").focus();
  await page.click("button[value=send]");
  await page.waitForURL(/done=1/);
  await page.goto("/surveys/device");
  await page.click("form[action='/surveys/device'] button");
  assert.match(await page.innerText("#token"), /^lf_/);
  await accessible(page, "a token");
  await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/device.png` : undefined, fullPage: true });

  await desk.page.reload();
  await desk.page.locator("#answers li").waitFor();
  assert.deepEqual([...desk.complaints, ...field.complaints], []);
});
