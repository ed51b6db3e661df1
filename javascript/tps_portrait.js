// Asks every two seconds how the work of TPS Portrait's tab goes, while the tab can be seen.
setInterval(() => {
  const tab = gradioApp().querySelector("#tps_portrait");
  if (tab && tab.offsetParent !== null && !document.hidden) {
    gradioApp().querySelector("#tps_portrait_heartbeat")?.click();
  }
}, 2000);
