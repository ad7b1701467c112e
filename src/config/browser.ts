import { z } from 'zod';
import { integer } from './fields.ts';

/** The gateway's settings for those who come with a browser. */
export const browserShape = {
  WEB_APP: z
    .enum(['on', 'off'], 'wants on or off')
    .default('on')
    .describe('whether `/` shows the web app: `on` or `off`'),
  HSTS_MAX_AGE_SECONDS: integer(0, 63_072_000)
    .default(31_536_000)
    .describe(
      'how long browsers come by https only, once they have (`Strict-Transport-Security`); 0 sends none, and so does an http `ISSUER`',
    ),
} satisfies z.ZodRawShape;
