import { defineConfig } from 'vite';

/** Builds the web app, from src/web/ to dist/web/. */
export default defineConfig({
  root: 'src/web',
  base: './',
  publicDir: false,
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
