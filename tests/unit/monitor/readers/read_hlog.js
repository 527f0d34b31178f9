// Print "tag|start|count|max|p99.9" of each row that hdr-histogram-js takes; the start counts from the log's base time.
const { readFileSync } = require("fs");
const { HistogramLogReader } = require("hdr-histogram-js");

const reader = new HistogramLogReader(readFileSync(process.argv[2], "utf8"), 64);
for (let row = reader.nextIntervalHistogram(); row !== null; row = reader.nextIntervalHistogram()) {
  const start = row.startTimeStampMsec / 1000 - reader.baseTimeSec;
  const tag = typeof row.tag === "string" && row.tag !== "NO TAG" ? row.tag : "";
  console.log([tag, start.toFixed(3), row.totalCount, row.maxValue, row.getValueAtPercentile(99.9)].join("|"));
}
console.log("end 0");
