import { routeTable } from '../src/openapi/api.ts';

/** The README's table of routes, in Markdown: `node scripts/routes-table.ts` prints it. */
export function routesTable(): string {
  const rows = routeTable().map(({ method, path, summary }) => `| \`${method} ${path}\` | ${summary} |`);
  return ['| route | what |', '|---|---|', ...rows].join('\n');
}

if (import.meta.main) process.stdout.write(`${routesTable()}\n`);
