"""What every workflow with memory stands on: the working copy of a state, commands, parked slots, expectations, and their dispatch.

It knows no business rule and no workflow. A workflow is a folder beside this one: its `states` (with a `StateForm`), `settings`
(`Strict`), `plan` (`Plan`, `resolver`), `work` (`Work`), and a class on `Workflow` that names its handlers.
"""
