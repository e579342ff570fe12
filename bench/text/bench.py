"""Figures of the text readers as table and JSON; baselines measured in the same run.

A fifth of the labelled cases is held back with a fixed seed; the product and LinearSVC train on the
same rest and are judged on the same fifth. Exact cosine search runs over as many cases as fit in a
minute and is scaled linearly to the size of the product's index.
"""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

linli, data, out = sys.argv[1:4]
csv.field_size_limit(1 << 30)


def product(*args):
    return json.loads(subprocess.run([linli, *args, "--json"], check=True, capture_output=True, text=True).stdout)


def rows(name):
    with open(os.path.join(data, name), encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader(f))


result = {}
train_file = os.path.join(data, "labelled_train.csv")
cases = rows("labelled_train.csv")
random.Random(7).shuffle(cases)
cut = len(cases) // 5
test, train = cases[:cut], cases[cut:]
with tempfile.TemporaryDirectory() as tmp:
    paths = {}
    for name, part in (("train", train), ("test", test)):
        paths[name] = os.path.join(tmp, name + ".csv")
        with open(paths[name], "w", encoding="utf-8", newline="") as f:
            w = csv.DictWriter(f, ["text", "category"])
            w.writeheader()
            w.writerows(part)
    ours = product("evaluate", "suggest", "--train", paths["train"], "--test", paths["test"])

started = time.perf_counter()
vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
matrix = vectorizer.fit_transform([c["text"] for c in train])
model = LinearSVC(C=1.0).fit(matrix, [c["category"] for c in train])
svc_train = time.perf_counter() - started
started = time.perf_counter()
said = [model.predict(vectorizer.transform([c["text"]]))[0] for c in test]
svc_micros = (time.perf_counter() - started) * 1e6 / len(test)
svc_f1 = f1_score([c["category"] for c in test], said, average="macro")
result["suggest"] = {
    **{k: v for k, v in ours.items() if k not in ("confusion", "labels")},
    "confusion": ours["confusion"],
    "labels": ours["labels"],
    "linear_svc": {"macro_f1": svc_f1, "train_seconds": svc_train, "micros_per_message": svc_micros},
    "ratio_to_linear_svc": {
        "errors": (1 - ours["macro_f1"]) / (1 - svc_f1),
        "train_time": ours["train_seconds"] / svc_train,
        "message_time": ours["micros_per_message"] / svc_micros,
    },
}

FIGURES = ("macro_f1", "macro_f1_sd", "ece", "train_seconds")
result["cross_validation"] = {}
for name, args in {
    "chosen (runs 1-2, beginning 2, idf^1.5, cost 1, neighbours)": [],
    "another shuffle": ["--seed", "2"],
    "ten folds": ["--folds", "10"],
    "ten folds, another shuffle": ["--folds", "10", "--seed", "2"],
    "beginning as the rest": ["--lead", "0"],
    "beginning 4": ["--lead", "4"],
    "runs 1-3": ["--longest-run", "3"],
    "runs 1": ["--longest-run", "1"],
    "idf^1": ["--idf-power", "1"],
    "idf^2": ["--idf-power", "2"],
    "cost 0.3": ["--cost", "0.3"],
    "cost 3": ["--cost", "3"],
    "no neighbours": ["--no-neighbours"],
}.items():
    told = product("evaluate", "suggest", "--train", train_file, *args)
    result["cross_validation"][name] = {k: told[k] for k in FIGURES}
    if not args:
        result["cross_validation"][name] |= {"labels": told["labels"], "confusion": told["confusion"]}
result["learning_curve"] = {
    str(share): product("evaluate", "suggest", "--train", train_file, "--share", str(share))["macro_f1"]
    for share in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
}

size = int(os.environ.get("LINLI_BENCH_CASES", "1000000"))
sources = [os.path.join(data, n) for n in ("hot_4326.csv", "records_with_category.csv", "replies_a.csv")]
repeats = product("evaluate", "repeats", *sources, "--cases", str(size))
texts = [r["留言详情"] for r in rows("hot_4326.csv")]
vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32).fit_transform(texts)
times = []
for i in range(100):
    started = time.perf_counter()
    np.argsort(-np.asarray(vectors.dot(vectors[i].T).todense()).ravel())[:10]
    times.append(time.perf_counter() - started)
exact = float(np.mean(times)) * 1e3 * size / len(texts)
result["repeats"] = {**repeats, "exact_cosine_ms_scaled": exact, "ratio_of_p99_to_exact_cosine": repeats["p99_ms"] / exact}

hot_file = os.path.join(data, "hot_4326.csv")
started = time.perf_counter()
issues = product("insight", "hot", hot_file, "--top", "5")
seconds = time.perf_counter() - started
judged = product("evaluate", "hot", hot_file, "--pairs", "crates/text/tests/hot_pairs.csv")
result["hot"] = {
    **judged,
    "command_seconds": seconds,
    "top_5": [{"members": len(i["members"]), "people": i["people"], "heat": i["heat"]} for i in issues["top"]],
}

with open(out, "w", encoding="utf-8") as f:
    json.dump(result, f, ensure_ascii=False, indent=1)

# The drawings: learning curve and confusion of the held-back fifth.
folder = os.path.dirname(out)
points = [(float(k), v) for k, v in result["learning_curve"].items()]
low, high = 0.8, 0.95
xy = [(60 + 400 * x, 220 - 180 * (max(y, low) - low) / (high - low)) for x, y in points]
with open(os.path.join(folder, "text-learning-curve.svg"), "w", encoding="utf-8") as f:
    f.write('<svg xmlns="http://www.w3.org/2000/svg" width="500" height="260" font-family="sans-serif" font-size="12">')
    f.write('<path d="M60 30V220H470" fill="none" stroke="#444"/>')
    f.write('<polyline fill="none" stroke="#0b63b0" stroke-width="2" points="%s"/>' % " ".join("%.0f,%.0f" % p for p in xy))
    for (x, y), (share, score) in zip(xy, points):
        f.write('<circle cx="%.0f" cy="%.0f" r="3" fill="#0b63b0"/><text x="%.0f" y="%.0f" text-anchor="middle">%.3f</text>' % (x, y, x, y - 8, score))
        f.write('<text x="%.0f" y="238" text-anchor="middle">%d%%</text>' % (x, share * 100))
    f.write('<text x="265" y="255" text-anchor="middle">share of the training cases; macro-F1 by cross-validation</text></svg>')


def show(title, values, indent=""):
    print(f"{indent}{title}")
    for key, value in values.items():
        if isinstance(value, dict):
            show(key, value, indent + "  ")
        elif isinstance(value, float):
            print(f"{indent}  {key:<48} {value:.4f}")
        elif not isinstance(value, list):
            print(f"{indent}  {key:<48} {value}")


for part, values in result.items():
    show(part, values)
print("confusion (rows: true)")
for name, row in zip(result["suggest"]["labels"], result["suggest"]["confusion"]):
    print("  ", row, name)
print("written:", out)
