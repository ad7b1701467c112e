/**
 * A POSIX shell script. Its arguments are the folder of a link to delete at the end (or nothing) and the server's
 * command line. It becomes the server, and leaves a watchdog behind that ends it when file descriptor 3 closes,
 * which the kernel sees to however the parent dies. The server leads the watchdog's process group, so its process
 * id is not given to another process while the watchdog lives: the signals can't hit a stranger.
 */
export const WATCHDOG_SCRIPT = `
link=$1; shift
(
  while read -r _ <&3; do :; done
  kill -TERM $$
  for _ in 1 2 3 4 5; do kill -0 $$ && sleep 1; done
  kill -KILL $$
  [ -n "$link" ] && rm -f "$link/d" && rmdir "$link"
) >/dev/null 2>&1 &
exec "$@" 3<&-
`;
