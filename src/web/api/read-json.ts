/**
 * Reads the JSON of an answer. Where a text is shown, `hono/jsx/dom` would draw an object that has a `tag` as that
 * element, with all its attributes. No answer of the gateway's or the bank's has one: whatever has is not read.
 * @throws {SyntaxError}
 */
export const readJson = <Value>(text: string): Value =>
  JSON.parse(text, (key, value: unknown) => {
    if (key === 'tag') throw new SyntaxError('the answer has an element in it');
    return value;
  });
