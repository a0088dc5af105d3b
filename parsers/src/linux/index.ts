// Linux and what runs on it.

export { netfilter } from './netfilter.js';
export { pam } from './pam.js';
export { accounts, cron, dhcp, login, su, systemd } from './programs.js';
export { sshd } from './sshd.js';
export { sudo } from './sudo.js';
