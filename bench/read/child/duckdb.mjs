// The same in SQL, over the file as it is.
import { DuckDBInstance } from "@duckdb/node-api";

const { question, file, since, session, again = 0 } = JSON.parse(process.argv[2]);
const beginMs = performance.now();
const connection = await (await DuckDBInstance.create()).connect();
const columns =
  "event: 'VARCHAR', severity: 'VARCHAR', agent_id: 'VARCHAR', timestamp: 'VARCHAR', seq: 'BIGINT', cost_usd: 'DOUBLE', message: 'VARCHAR', session_id: 'VARCHAR'";
const from = `read_ndjson('${file}', columns = {${columns}})`;
const SQL = {
  types: `SELECT event, count(*)::INTEGER FROM ${from} GROUP BY event`,
  session: `SELECT event, count(*)::INTEGER FROM ${from} WHERE session_id = '${session}' GROUP BY event`,
  errors: `SELECT count(*)::INTEGER FROM ${from} WHERE severity = 'ERROR'`,
  agent: `SELECT count(*)::INTEGER FROM ${from} WHERE agent_id LIKE 'Tester-%'`,
  text: `SELECT count(*)::INTEGER FROM ${from} WHERE message LIKE '%needle-in-haystack%'`,
  last: `SELECT sum(seq)::DOUBLE FROM (SELECT seq FROM ${from} WHERE event = 'ERROR' ORDER BY seq DESC LIMIT 100)`,
  money: `SELECT round(sum(cost_usd) * 1e6) FROM ${from} WHERE event = 'MODEL_RESPONSE' AND timestamp >= '${since}'`,
};
const times = [];
let answer;
for (let count = 0; count <= again; count++) {
  // The first time includes what the database needs to come up.
  const startMs = count === 0 ? beginMs : performance.now();
  const rows = (await connection.runAndReadAll(SQL[question])).getRows();
  answer = question === "types" || question === "session" ? Object.fromEntries(rows) : Number(rows[0][0]);
  times.push(performance.now() - startMs);
}
console.log(JSON.stringify({ answer, times, peakKb: process.resourceUsage().maxRSS }));
