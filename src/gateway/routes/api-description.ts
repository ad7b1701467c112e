import type { StaticAsset } from '../static/asset.ts';

/** The description of the API, for programs and for people. */
export interface ApiDescription {
  openapi: StaticAsset;
  docs: StaticAsset;
}
