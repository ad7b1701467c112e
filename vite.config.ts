import { defineConfig } from 'vite';

/** Builds the web app from src/web/ into dist/web/. */
export default defineConfig({
  root: 'src/web',
  base: './',
  publicDir: false,
  // Otherwise Vite also searches the folders above the project for a PostCSS configuration, and runs it.
  css: { postcss: {} },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
