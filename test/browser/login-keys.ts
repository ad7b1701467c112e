import type { BrowserContext, Page } from 'playwright-core';

/** A key as the web app keeps it in IndexedDB. */
export interface KeptKey {
  jkt: string;
  sessionId?: string;
  extractable: boolean;
}

const ALL_KEYS = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('portcullis');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('login-keys').objectStore('login-keys').getAll();
    reading.onerror = () => reject(reading.error);
    reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
  };
})`;

/** The keys in the browser's storage. Their private halves stay in the page. */
export const keptKeys = (page: Page): Promise<KeptKey[]> =>
  page.evaluate(
    `${ALL_KEYS}.then((keys) => keys.map(({ jkt, sessionId, privateKey }) =>
      ({ jkt, sessionId, extractable: privateKey.extractable })))`,
  );

/** The names of the errors of all attempts to export the only key in the browser's storage. */
export const exportErrors = (page: Page): Promise<string[]> =>
  page.evaluate(
    `${ALL_KEYS}.then(([{ privateKey }]) => Promise.all(['jwk', 'pkcs8', 'raw'].map((format) =>
      crypto.subtle.exportKey(format, privateKey).then(() => 'exported', ({ name }) => name))))`,
  );

/** The thumbprint that the readable cookie names. */
export async function jktInCookie(context: BrowserContext): Promise<string | undefined> {
  const cookie = (await context.cookies()).find(({ name }) => name === 'portcullis-present');
  return cookie?.value.split('.')[0];
}
