/**
 * A cookie that says no more than that this browser has logged in. The tokens are in cookies that no script can
 * read; without this one, the page would have to ask the server, and be refused, before it shows the log-in form.
 */
const NAME = 'portcullis-present';

export const mayBeLoggedIn = (): boolean =>
  document.cookie.split('; ').some((cookie) => cookie.startsWith(`${NAME}=`));

/** Where a browser has no Cookie Store, the cookie stays, and the next visit begins with a refused request. */
export const forgetPresence = (): void => void globalThis.cookieStore?.delete(NAME).catch(() => {});
