import { defineConfig } from 'vite';

/** Builds the web app, from src/web/ to dist/web/. */
export default defineConfig({
  root: 'src/web',
  base: './',
  publicDir: false,
  // Else Vite looks for a configuration of PostCSS in the folders above the project too, and runs what it finds.
  css: { postcss: {} },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
