import { passwordRules } from '../../api/auth.ts';
import { useLoad } from '../../hooks/load.ts';

const ADVICE = 'Several unrelated words are easy to remember and hard to guess.';

/** The rules of the server never change while a page is open. */
let loading: ReturnType<typeof passwordRules> | undefined;

function loadOnce(): ReturnType<typeof passwordRules> {
  loading ??= passwordRules().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** The rules for a new password, to be shown at its field. The minimum length follows once it is known. */
export function usePasswordHint(): string {
  const rules = useLoad(loadOnce, []).value;
  return rules === undefined ? ADVICE : `At least ${rules.min_characters} characters. ${ADVICE}`;
}
