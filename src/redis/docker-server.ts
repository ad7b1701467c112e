import { Refusal } from '../refusal.ts';
import type { ProvidedRedis } from './provide.ts';

export async function startDockerRedis(
  _directory: string,
  _onWait?: (line: string) => void,
): Promise<ProvidedRedis | Refusal<'no_docker'>> {
  return new Refusal('no_docker', 'Docker is not running');
}
