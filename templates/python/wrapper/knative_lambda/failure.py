"""A request or an event that is refused, with the builder's own codes. The words beside a code are this door's."""


class Refused(Exception):
    """:ivar code: a key of `problem.PROBLEMS`
    :ivar field: the attribute or the part of the request that breaks a rule
    :ivar index: its place in a batch"""

    def __init__(self, code, detail, field=None):
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.index = None
