/**
 * For machines without curl: as much of it as the tour needs (-s -H -d -X -o -w and a URL), so that the tour's
 * shell lines are tested there too.
 */
const given: Record<string, string[]> = {};
const words = process.argv.slice(2).filter((word) => word !== '-s');
let url = '';
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  if (/^-[HdXow]$/.test(word)) given[word] = [...(given[word] ?? []), words.shift() ?? ''];
  else url = word;
}
const [body = null] = given['-d'] ?? [];
const [method = body === null ? 'GET' : 'POST'] = given['-X'] ?? [];
const headers = (given['-H'] ?? []).map((header) => header.split(/: (.*)/s).slice(0, 2) as [string, string]);
const answer = await fetch(url, { method, headers, body });
const text = await answer.text();
if (given['-o'] === undefined) process.stdout.write(text);
const [format = ''] = given['-w'] ?? [];
process.stdout.write(format.replace('%{http_code}', `${answer.status}`).replace('\\n', '\n'));
