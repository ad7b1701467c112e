/** The metrics of one scrape. */
export interface Scrape {
  text: string;
  /** The value of a series such as `x_total{route="auth"}`; 0 if it is absent. */
  of(series: string): number;
  /** The names of all metrics, from the lines with their types. */
  names: readonly string[];
}

/** Reads `/metrics` of a private listener. */
export async function scrape(privateUrl: string): Promise<Scrape> {
  const response = await fetch(`${privateUrl}/metrics`);
  if (response.status !== 200) throw new Error(`/metrics responded with ${response.status}`);
  const text = await response.text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const values = new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
  return {
    text,
    of: (series) => values.get(series) ?? 0,
    names: [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name),
  };
}
