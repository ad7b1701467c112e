import './language.ts';
import { render } from 'preact';
import { App } from './app.tsx';
import { startSession } from './auth-session/session.ts';
import { whenSomebodyElseComes } from './auth-session/session-state.ts';
import { followPlace, goHome } from './route.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the app');
followPlace();
whenSomebodyElseComes(goHome);
void startSession();
render(<App />, root);
