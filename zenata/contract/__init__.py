"""Every JSON document of the API, declared once: OpenAPI, request decoding, answers and the client use these structs."""
