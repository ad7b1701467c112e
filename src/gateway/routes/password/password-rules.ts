import { z } from 'zod';
import { ANYONE, type Operation, ok } from '../../../http/operation.ts';
import type { PasswordRules } from '../../../users/password-rules.ts';
import { logGrant } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';

export const passwordRulesResponseSchema = z
  .strictObject({ min_characters: z.int().describe('Minimum length in Unicode characters') })
  .meta({ id: 'PasswordRules' });

export const passwordRulesOperation: Operation<GatewayReason> = {
  method: 'get',
  path: '/auth/password-rules',
  id: 'getPasswordRules',
  tag: 'Authentication',
  summary: 'Get the rules for new passwords',
  description: 'A new password must also be hard to guess, which is checked when it is set.',
  access: ANYONE,
  responses: ok('The rules.', passwordRulesResponseSchema),
};

/** For forms, so that they show the rule before it is broken. */
export const readPasswordRules =
  ({ passwordRules }: { passwordRules: PasswordRules }) =>
  (c: GatewayContext): Response => {
    logGrant(c.env, {});
    const body: z.output<typeof passwordRulesResponseSchema> = {
      min_characters: passwordRules.minCharacters,
    };
    return c.json(body);
  };
