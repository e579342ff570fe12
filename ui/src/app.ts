// The script of every page. Pages work without it; it saves time and keeps what was written.
import "./htmx-setup";
import "htmx.org/dist/ext/hx-sse.js";
import "./small";
import "./nav";
import "./forms";
import "./prefs";
import "./keys";
import "./clocks";
import "./photos";
import "./place";
import "./live";
import "./leave";
import { prepare } from "./dom";

document.documentElement.classList.add("js");
const start = () => prepare(document);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
