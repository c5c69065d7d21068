"""What is seen of it: records, surveys, tests and the truth. Views observe; they change nothing in the core."""
