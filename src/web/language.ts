/**
 * The language of amounts and times (BCP 47). Some browsers report one that is not a valid tag, such as `en-US@posix` or
 * `C`, and `Intl` throws on it. Libraries use `navigator.language` when they are loaded, so `main.tsx` imports this
 * module first.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}

export const { language } = navigator;
