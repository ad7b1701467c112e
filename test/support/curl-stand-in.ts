/**
 * Replaces curl in tests on machines without it. Supports what the tour uses: -s -H -d -X -o -w and a URL.
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
const response = await fetch(url, { method, headers, body });
const text = await response.text();
if (given['-o'] === undefined) process.stdout.write(text);
const [format = ''] = given['-w'] ?? [];
process.stdout.write(format.replace('%{http_code}', `${response.status}`).replace('\\n', '\n'));
