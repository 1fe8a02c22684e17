"""Values: settings, policy, message templates, regions. Imports nothing of ours."""
