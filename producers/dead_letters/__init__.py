"""Dead letters read from their topics, and what people did with them: one code for ``nadi dlq`` and the gateway's pages.

``letters`` reads them, ``contents`` decodes what can be decoded, ``marks`` remembers what was done.
"""
