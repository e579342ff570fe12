// A community's own form at work in the browser: what is asked, what is worked out, what is wrong.
// The same evaluator stands in Rust (crates/forms: eval.rs, functions.rs, engine.rs). One table of cases,
// crates/forms/tests/golden/engine.json, is run by both, so that they cannot drift.
export { Engine } from "./forms-engine/engine";
export { Instance } from "./forms-engine/instance";
export { deviceNow } from "./forms-engine/model";
export type { Choice, Expr, Fault, Form, FormNode, Now, Text } from "./forms-engine/model";
export { parseNumber, numberText, toText } from "./forms-engine/values";
