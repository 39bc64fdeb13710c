using Microsoft.Win32.SafeHandles;

namespace VlmSharp.Training.Data;

/// <summary>A file of lines that keeps at most one line and a buffer in memory.</summary>
internal sealed class JsonlFile : IDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly string path;
    private readonly SafeFileHandle handle;

    /// <summary>A line's number, from 1, and the range of its bytes without the line end.</summary>
    public readonly record struct Line(int Number, long Offset, int Length);

    /// <exception cref="TrainingDataException">The file cannot be opened.</exception>
    public JsonlFile(string path)
    {
        this.path = path;
        handle = DataFile.Open(path);
    }

    /// <summary>The lines that are not blank, with their bytes, which are valid until the next one.</summary>
    /// <exception cref="TrainingDataException">A line is too long, or the file cannot be read.</exception>
    public IEnumerable<(Line Line, ReadOnlyMemory<byte> Bytes)> Lines()
    {
        byte[] buffer = new byte[BufferBytes];
        int have = 0, number = 0;
        long start = 0; // of the line, which is where the buffer begins
        for (int searched = 0; ;)
        {
            int end = buffer.AsSpan(searched, have - searched).IndexOf((byte)'\n');
            bool atEnd = false;
            if (end < 0)
            {
                searched = have;
                if (have == buffer.Length)
                {
                    if (have >= DataLimits.LineBytes)
                        throw new TrainingDataException(
                            $"{path}:{number + 1}: the line is longer than {DataLimits.LineBytes} bytes; give one JSON object a line.");
                    Array.Resize(ref buffer, 2 * buffer.Length);
                }

                int read = DataFile.Read(handle, buffer.AsSpan(have), start + have, path);
                have += read;
                if (read > 0) continue;
                if (have == 0) yield break;
                atEnd = true;
            }

            int length = atEnd ? have : searched + end;
            number = checked(number + 1);
            (int trimmed, int blanks) = Trim(buffer.AsSpan(0, length), first: start == 0);
            if (trimmed > 0) yield return (new Line(number, start + blanks, trimmed), buffer.AsMemory(blanks, trimmed));
            if (atEnd) yield break;
            int used = length + 1;
            buffer.AsSpan(used, have - used).CopyTo(buffer);
            (have, start, searched) = (have - used, start + used, 0);
        }
    }

    /// <summary>The bytes of a line again.</summary>
    public byte[] Read(Line line)
    {
        var bytes = new byte[line.Length];
        for (int have = 0; have < bytes.Length;)
        {
            int read = DataFile.Read(handle, bytes.AsSpan(have), line.Offset + have, path);
            if (read == 0) throw new TrainingDataException($"{path} became shorter while it was used: leave it alone during a run.");
            have += read;
        }

        return bytes;
    }

    public void Dispose() => handle.Dispose();

    /// <summary>What is left of a line without blanks, its carriage return and a byte order mark.</summary>
    private static (int Length, int Start) Trim(ReadOnlySpan<byte> line, bool first)
    {
        int start = first && line.StartsWith("\uFEFF"u8) ? 3 : 0, end = line.Length;
        while (end > start && line[end - 1] is (byte)' ' or (byte)'\t' or (byte)'\r') end--;
        while (end > start && line[start] is (byte)' ' or (byte)'\t') start++;
        return (end - start, start);
    }
}
