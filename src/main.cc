// Entry point: the daemon, the keeper or a command.
int main() {
  return 0;
}
