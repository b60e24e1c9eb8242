// What keeping the index costs as the sessions grow in number: npm run bench:lifecycle (--large for 100,000 sessions,
// --write for docs/performance.md). The floor to compare with is what Sentinel does, writing session_index.json anew at
// each update.
