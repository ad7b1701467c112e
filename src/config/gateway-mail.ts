import { z } from 'zod';
import { integer, oneOf, text } from './fields.ts';

const linkTemplate = (example: string) =>
  text(
    /^https?:\/\/[^\s"<>#]+#[^\s"<>#]*\{token\}[^\s"<>#]*$/,
    `an http:// or https:// URL with {token} in its fragment, such as ${example}`,
  );

/** The gateway's settings for emails, and for the addresses that they are sent to. */
export const mailShape = {
  RESET_URL: linkTemplate('https://bank.example/#reset={token}')
    .optional()
    .describe('URL in password reset emails; defaults to `ISSUER` + `/#reset={token}`'),
  EMAIL_URL: linkTemplate('https://bank.example/#email={token}')
    .optional()
    .describe('URL in emails that confirm an address; defaults to `ISSUER` + `/#email={token}`'),
  EMAIL_CONFIRMATION_SECONDS: integer(300, 604_800)
    .default(86_400)
    .describe('how long an email address can be confirmed'),
  EMAIL_CHANGES_PER_USER: integer(1, 1000)
    .default(5)
    .describe('requests to change the email address per user and window before 429'),
  EMAIL_CHANGE_WINDOW_SECONDS: integer(1, 604_800)
    .default(86_400)
    .describe('time window in which requests to change the email address are counted'),
  MAIL_FROM: text(
    /^(?:[^<>"\p{C}]{1,128} <[^\s<>@"\p{C}]+@[^\s<>@"\p{C}]+>|[^\s<>@"\p{C}]+@[^\s<>@"\p{C}]+)$/u,
    'an email address, or a name followed by one in angle brackets',
  )
    .default('Portcullis <no-reply@localhost>')
    .describe('sender of emails'),
  MAIL_QUEUE_MAX: integer(1, 100_000).default(1000).describe('maximum emails that wait to be sent'),
  MAIL_TO_LOG: oneOf('on', 'off')
    .default('off')
    .describe(
      'for development: whether emails, reset links included, are written to the log if there is no `SMTP_URL`; `npm start` sets it to `on`',
    ),
  SMTP_URL: z
    .string()
    .refine(
      (value) => /^smtps?:\/\//.test(value) && (URL.parse(value)?.hostname ?? '') !== '',
      'must be smtp:// or smtps:// with a host',
    )
    .optional()
    .describe('SMTP server for emails; without it, no emails are sent'),
} satisfies z.ZodRawShape;
