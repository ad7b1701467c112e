import type { ShownUser } from '../api/admin.ts';

/** A user as an act names them: by both names, since the display name can be anything. */
export const nameOf = ({ display_name, username }: Pick<ShownUser, 'display_name' | 'username'>): string =>
  `${display_name} (${username})`;
