"""JSON, header values and trace context, each against hostile input."""

import json
import random
import time
import unittest

from knative_lambda import strict_json
from knative_lambda.cloudevent import check_attribute
from knative_lambda.failure import Refused
from knative_lambda.header_value import decode_header, encode_header
from knative_lambda.trace import child_of

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class StrictJson(unittest.TestCase):
    def test_reads_what_json_has(self):
        for text in ("null", "false", "0", '""', "[]", ' {"a": [1, "ü"]} ', "-1.5e3", '"\\ud83d\\ude00"'):
            self.assertEqual(strict_json.loads(text.encode()), json.loads(text))

    def test_refuses_what_only_python_has(self):
        for body in (b"NaN", b"[Infinity]", b"-Infinity", b"", b"{} x", b"[1,]", b"'a'", b'"\xff"', b'"\xed\xa0\x80"', b'\xef\xbb\xbf1', b'"a\nb"'):
            with self.subTest(body=body), self.assertRaises(ValueError):
                strict_json.loads(body)

    def test_holds_nesting_against_a_limit_and_not_brackets_in_text(self):
        deepest = strict_json.DEEPEST
        self.assertEqual(len(strict_json.loads(b'["' + b"[" * 5000 + b'\\"[", 1]')), 2)
        self.assertEqual(strict_json.loads(b'"' + b"[" * 5000 + b'"'), "[" * 5000)
        strict_json.loads(b"[" * deepest + b"]" * deepest)
        strict_json.loads(b"[" + b"[]," * 5000 + b"[]]")
        for depth in (deepest + 1, 100_000):
            with self.assertRaises(ValueError):
                strict_json.loads(b"[" * depth + b"]" * depth)

    def test_looks_at_an_endless_string_once(self):
        began = time.monotonic()
        with self.assertRaises(ValueError):
            strict_json.loads(b"[" * 600 + b'"' + b'\\"' * 1_000_000)
        self.assertLess(time.monotonic() - began, 2)

    def test_writes_what_it_read(self):
        for value in (None, True, 0, -1.5, "ü\u2028", {"a": [1, {"b": None}]}, "\ud800"):
            self.assertEqual(json.loads(strict_json.dumps(value)), value)

    def test_refuses_to_write_what_json_has_not(self):
        circle = []
        circle.append(circle)
        for value in (float("nan"), float("inf"), {1}, object(), {(1, 2): 3}, b"x", circle):
            with self.assertRaises((TypeError, ValueError, RecursionError)):
                strict_json.dumps(value)


class HeaderValue(unittest.TestCase):
    def test_gives_back_any_text_that_was_encoded(self):
        chosen = random.Random(1)
        for _ in range(2000):
            text = "".join(chosen.choice(' "%\\aü€😀z~!') for _ in range(chosen.randrange(12)))
            encoded = encode_header(text)
            self.assertTrue(encoded.isascii() and " " not in encoded and '"' not in encoded, encoded)
            self.assertEqual(decode_header("note", encoded), text)

    def test_cannot_be_left_by_a_line_break(self):
        self.assertEqual(encode_header("a\r\nSet-Cookie: b"), "a%0D%0ASet-Cookie:%20b")

    def test_refuses_characters_of_which_headers_could_be_made(self):
        for value in ("a\r\nb", "\x7f", "\x85", "\ud800", "\ufffe", "\U0001ffff"):
            with self.subTest(value=value), self.assertRaises(Refused):
                check_attribute("note", value)


class Traceparent(unittest.TestCase):
    def test_goes_on_with_the_trace_by_a_span_of_its_own(self):
        span = child_of(TRACE)
        self.assertEqual((span.trace_id, span.flags, len(span.span_id)), (TRACE[3:35], "01", 16))
        self.assertNotEqual(span.span_id, child_of(TRACE).span_id)

    def test_reads_a_later_version_with_more_fields(self):
        self.assertIsNotNone(child_of("01" + TRACE[2:] + "-more"))
        self.assertIsNotNone(child_of("01" + TRACE[2:]))

    def test_begins_anew_when_it_cannot_be_read(self):
        zeros = f"00-{'0' * 32}-{TRACE[36:]}", f"{TRACE[:36]}{'0' * 16}-01"
        for text in (None, 7, "", "00-zz", TRACE[:-1], TRACE + "-x", TRACE + "0", "ff" + TRACE[2:], "01" + TRACE[2:] + "x", TRACE.upper(), TRACE + "\n", *zeros):
            with self.subTest(text=text):
                self.assertIsNone(child_of(text))


if __name__ == "__main__":
    unittest.main()
