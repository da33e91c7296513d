"""What AWS says: shapes, enums, limits and faults. Knows nothing of the rest of the package.

==============  ====================================================================
model           operations, decisions, events and enums, read from botocore's model
check           a request or an event against its shape, with AWS's wording
lexical         the rules of strings that the model states only in prose
faults          Fault, and the exact texts of the service
limits          quotas that the model does not state, each with its source
==============  ====================================================================
"""
