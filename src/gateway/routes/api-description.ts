import type { Publication } from '../publication.ts';

/** The description of the API, for programs and for people. */
export interface ApiDescription {
  openapi: Publication;
  docs: Publication;
}
