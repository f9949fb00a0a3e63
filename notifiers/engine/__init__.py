"""Takes in entries, decides, sends and records. The pure core says what follows; here it is done."""
