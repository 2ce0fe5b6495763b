"""What a refresh and its readers go through when something breaks: a matrix of faults and steps."""
