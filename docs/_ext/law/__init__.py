"""The law of the house: its rules, and the end of a build whose pages break one."""
