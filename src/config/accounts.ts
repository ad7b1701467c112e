import { z } from 'zod';
import { integer, text } from './fields.ts';

/** The gateway's settings for how users get accounts, passwords and mails. */
export const accountShape = {
  REGISTRATION: z
    .enum(['closed', 'open'], 'wants closed or open')
    .default('closed')
    .describe('whether anybody can make an account for themself: `closed` or `open`'),
  REGISTRATIONS_PER_ADDRESS: integer(1, 100_000)
    .default(5)
    .describe('tries to register from one address within the window before 429'),
  REGISTRATION_WINDOW_SECONDS: integer(1, 86_400)
    .default(3600)
    .describe('how long these tries are remembered'),
  RESETS_PER_USERNAME: integer(1, 1000)
    .default(3)
    .describe('password resets asked for one user name within the window before 429'),
  RESETS_PER_ADDRESS: integer(1, 100_000).default(10).describe('the same for one address'),
  RESET_WINDOW_SECONDS: integer(1, 86_400).default(3600).describe('how long these are remembered'),
  RESET_URL: text(
    /^https?:\/\/[^\s"<>#]+#[^\s"<>#]*\{token\}[^\s"<>#]*$/,
    'an http:// or https:// URL with {token} in its fragment, such as https://bank.example/#reset={token}',
  )
    .optional()
    .describe('the page that a reset mail leads to; `ISSUER` + `/#reset={token}` unless given'),
  MAIL_FROM: text(
    /^(?:[^<>"\p{C}]{1,128} <[^\s<>@"\p{C}]+@[^\s<>@"\p{C}]+>|[^\s<>@"\p{C}]+@[^\s<>@"\p{C}]+)$/u,
    'an address, or a name with one in angle brackets',
  )
    .default('Portcullis <no-reply@localhost>')
    .describe('the sender of mails'),
  SMTP_URL: z
    .string()
    .refine(
      (value) => /^smtps?:\/\//.test(value) && (URL.parse(value)?.hostname ?? '') !== '',
      'wants smtp:// or smtps:// with a host',
    )
    .optional()
    .describe(
      'where mails are handed over; without it they are written to the log, and in production nobody gets any',
    ),
} satisfies z.ZodRawShape;
