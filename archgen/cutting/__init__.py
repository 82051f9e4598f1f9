"""Body -> body: some of its values, and what they need alone."""
