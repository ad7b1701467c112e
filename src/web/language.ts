/**
 * Some browsers tell a language that is no tag (BCP 47), such as `en-US@posix` or `C` of a system without a locale.
 * `Intl` throws at it, also in libraries that ask for it when they are loaded. So this module comes before them all.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}

export {};
