import unittest

from knative_lambda import http_head
from knative_lambda.http_head import BadRequest, parse_head


def head(*lines, line=b"POST / HTTP/1.1"):
    return parse_head(b"\r\n".join((line, b"Host: a", *lines)))


class HttpHead(unittest.TestCase):
    def test_reads_names_in_lower_case_and_values_without_white_space(self):
        parsed = head(b"CE-Id: \t x y \t", b"A:")
        self.assertEqual([(h.name, h.value) for h in parsed.headers], [("host", "a"), ("ce-id", "x y"), ("a", "")])
        self.assertEqual(parsed.first("ce-id"), "x y")
        self.assertIsNone(parsed.first("b"))

    def test_reads_the_same_again_from_known_lines(self):
        for _ in range(2):
            parsed = head(b"Content-Length: 5", b"ce-id: 1", b"Connection: close")
            self.assertEqual((parsed.length, parsed.keep_alive, parsed.first("ce-id")), (5, False, "1"))

    def test_keeps_only_so_many_lines(self):
        for number in range(3 * http_head.MOST_KNOWN_LINES):
            head(b"x-number: %d" % number)
        self.assertLessEqual(len(http_head._known_lines), http_head.MOST_KNOWN_LINES)
        head(b"x-long: " + b"x" * 5000)
        self.assertFalse(any(len(line) > 5000 for line in http_head._known_lines))

    def test_refuses_what_two_readers_could_read_in_two_ways(self):
        for lines in (
            (b"A : b",),
            (b" folded",),
            (b": x",),
            (b"A",),
            (b"A\x00: b",),
            (b"A: b\x00",),
            (b"A: b\rC: d",),
            (b"A: b\nC: d",),
            (b"\xc3\xa9: b",),
            (b"Host: b",),
            (b"Content-Length: 1", b"Content-Length: 2"),
            (b"Content-Length: -1",),
            (b"Content-Length: +1",),
            (b"Content-Length: 1_0",),
            (b"Content-Length: \xb2",),
            (b"Content-Length: " + b"9" * 19,),
            (b"Content-Length:",),
            (b"Transfer-Encoding: gzip",),
            (b"Transfer-Encoding: chunked, chunked",),
            (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
            (b"Transfer-Encoding: chunked", b"Content-Length: 1"),
        ):
            with self.subTest(lines=lines), self.assertRaises(BadRequest):
                head(*lines)

    def test_refuses_other_request_lines(self):
        for line in (b"", b"GET", b"GET /", b"GET  / HTTP/1.1", b"G\x00T / HTTP/1.1", b"GET / HTTP/2.0", b"GET /a b HTTP/1.1", b"GET a HTTP/1.1"):
            with self.subTest(line=line), self.assertRaises(BadRequest):
                head(line=line)

    def test_takes_equal_lengths_and_an_absolute_target(self):
        parsed = head(b"Content-Length: 1", b"Content-Length: 1", line=b"GET http://a.test/readyz?x HTTP/1.1")
        self.assertEqual((parsed.length, parsed.path), (1, "/readyz"))
        self.assertEqual(head(line=b"GET http://a.test HTTP/1.1").path, "/")

    def test_keeps_a_connection_as_its_version_says(self):
        self.assertTrue(head().keep_alive)
        self.assertFalse(head(line=b"GET / HTTP/1.0").keep_alive)
        self.assertTrue(head(b"Connection: Keep-Alive", line=b"GET / HTTP/1.0").keep_alive)
        self.assertFalse(head(b"Connection: x, Close").keep_alive)


if __name__ == "__main__":
    unittest.main()
