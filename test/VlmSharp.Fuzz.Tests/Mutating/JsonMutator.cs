using System.Text;
using System.Text.Json;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>
/// Changes a JSON text so that it stays JSON, or nearly: replaces values by critical ones, and removes, duplicates, renames or nests
/// members.
/// </summary>
internal static class JsonMutator
{
    private static readonly string[] Values =
    [
        "0", "-1", "1", "-0.0", "1.5", "1e999", "-1e999", "2147483647", "2147483648", "-2147483649", "4294967296", "9223372036854775807",
        "18446744073709551616", "null", "true", "false", "\"\"", "\"-1\"", "\"\\ud800\"", "\"\\u0000\\u001b[2J\\n\"",
        "\"../../etc/passwd\"", "[]", "{}",
        "[[]]", "[-1]", "[1,2,3,4,5,6,7,8,9,10,11,12]", "{\"a\":1}", Nested(60), Nested(100), Nested(5000), Long(300), Long(20_000),
    ];

    /// <summary>Makes one to three edits. A text that is not JSON is unchanged.</summary>
    public static byte[] Mutate(ReadOnlySpan<byte> json, Random random)
    {
        byte[] bytes = json.ToArray();
        for (int edits = random.Next(1, 4); edits > 0; edits--)
        {
            if (Members(bytes) is not { Count: > 0 } members) break;
            bytes = Edit(bytes, members, random);
        }

        return bytes;
    }

    private static byte[] Edit(byte[] json, List<Member> members, Random random)
    {
        // The members of long lists are alike, so half of the edits hit the outer levels.
        int depth = random.Next(2) == 0 ? 2 : int.MaxValue;
        Member[] eligible = [.. members.Where(m => m.Depth <= depth)];
        Member member = eligible[random.Next(eligible.Length)], other = members[random.Next(members.Count)];
        byte[] Replace(int start, int end, ReadOnlySpan<byte> with) => [.. json.AsSpan(0, start), .. with, .. json.AsSpan(end)];
        switch (random.Next(10))
        {
            case 0: return Replace(member.Value, member.End, json.AsSpan(other.Value, other.End - other.Value));
            case 1: return Replace(member.Value, member.End, [.. "["u8, .. json.AsSpan(member.Value, member.End - member.Value), .. "]"u8]);
            case 2: return Remove(json, member);
            case 3: return Replace(member.Start, member.Start, [.. json.AsSpan(member.Start, member.End - member.Start), (byte)',']);
            case 4 when member.Start < member.Value && other.Start < other.Value: // another member's name
                return Replace(member.Start, member.Value, json.AsSpan(other.Start, other.Value - other.Start));
            case 5 when member.Start < member.Value: // the value as text
                string text = Encoding.UTF8.GetString(json, member.Value, member.End - member.Value);
                return Replace(member.Value, member.End, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(text)));
            default: return Replace(member.Value, member.End, Encoding.UTF8.GetBytes(Values[random.Next(Values.Length)]));
        }
    }

    /// <summary>Removes a member with its comma.</summary>
    private static byte[] Remove(byte[] json, Member member)
    {
        (int start, int end) = (member.Start, member.End);
        while (end < json.Length && json[end] <= ' ') end++;
        if (end < json.Length && json[end] == ',') return [.. json.AsSpan(0, start), .. json.AsSpan(end + 1)];
        while (start > 0 && json[start - 1] <= ' ') start--;
        if (start > 0 && json[start - 1] == ',') start--;
        return [.. json.AsSpan(0, start), .. json.AsSpan(member.End)];
    }

    /// <summary>Every value with its name, if it has one, the whole text first; null if the text is not JSON.</summary>
    private static List<Member>? Members(byte[] json)
    {
        var members = new List<Member>();
        var open = new Stack<int>();
        int name = -1;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 10_000 });
        try
        {
            while (reader.Read())
            {
                int start = (int)reader.TokenStartIndex;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = start;
                        continue;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        int opened = open.Pop();
                        members[opened] = members[opened] with { End = (int)reader.BytesConsumed };
                        continue;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        open.Push(members.Count);
                        break;
                }
                members.Add(new Member(name >= 0 ? name : start, start, (int)reader.BytesConsumed, reader.CurrentDepth));
                name = -1;
            }
        }
        catch (JsonException)
        {
            return null;
        }
        return members;
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static string Long(int length) => $"\"{new string('x', length)}\"";

    /// <summary>The place of a value: the starts of its name and of itself, its end, and its depth.</summary>
    private readonly record struct Member(int Start, int Value, int End, int Depth);
}
