// Sends a mail fifty times a second, and numbers them, so that a lost line shows.
let sent = 0;
setInterval(() => console.log(`mail ${++sent} sent`), 20);
