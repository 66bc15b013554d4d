// What a build of the site loads: the KPIs of the last 90 days, one row a day. A refusal by the rate limit is waited for;
// any other fails the build.
const { DAYBOOK_URL, DAYBOOK_PROJECT, DAYBOOK_TOKEN, DAYBOOK_FROM, DAYBOOK_TO } = process.env;
const day = (n) => new Date(Date.now() + n * 864e5).toISOString().slice(0, 10);
const url = `${DAYBOOK_URL}/rest/analytics/${encodeURIComponent(DAYBOOK_PROJECT)}/summary/daily`;
const query = new URLSearchParams({ from: DAYBOOK_FROM || day(-89), to: DAYBOOK_TO || day(1), limit: 365 });

async function page() {
  for (;;) {
    const answer = await fetch(`${url}?${query}`, { headers: { Authorization: `Bearer ${DAYBOOK_TOKEN}` } });
    if (answer.ok) return answer.json();
    if (answer.status !== 429) throw new Error(`${answer.status} ${await answer.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * answer.headers.get("Retry-After")));
  }
}

const rows = [];
for (let cursor = ""; cursor !== null; ) {
  query.set("cursor", cursor);
  const { data, metadata } = await page();
  rows.push(...data);
  cursor = metadata.next_cursor;
}
process.stdout.write(JSON.stringify(rows));
