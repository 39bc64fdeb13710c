using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace VlmSharp.Training.Tracking;

/// <summary>
/// A TensorBoard event file: each record has a length, its masked CRC-32C, a protobuf <c>Event</c>, and its masked CRC-32C
/// (TensorFlow's record format and event.proto). It begins with the version. A resumed run is marked, and TensorBoard then drops later
/// steps from earlier files.
/// </summary>
/// <param name="folder">The folder of the file; created if it does not exist.</param>
/// <param name="clock">The time of each event; null for the system's.</param>
public sealed class TensorBoardFile(string folder, TimeProvider? clock = null) : IRunTracker
{
    /// <summary>The usual name of the folder of event files in a run's folder.</summary>
    public const string FolderName = "tensorboard";

    private const int LongestText = 1 << 16;

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private FileStream? stream;

    /// <inheritdoc/>
    public void Begin(RunInfo run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Directory.CreateDirectory(folder);
        string host = string.Concat(Environment.MachineName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
        long second = clock.GetUtcNow().ToUnixTimeSeconds();
        // A run that stops and resumes within a second in the same process gets another file.
        for (int i = 0; stream is null; i++)
        {
            string path = Path.Combine(
                folder, FormattableString.Invariant($"events.out.tfevents.{second}.{host}.{Environment.ProcessId}.{i}"));
            if (!File.Exists(path)) stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }

        Append(FileVersion(Now));
        // session_log { status: START }: steps from here on are forgotten
        if (run.FirstStep > 0) Append(Event(Now, run.FirstStep + 1, 7, [0x08, 0x01]));
    }

    /// <inheritdoc/>
    public void OnStep(in StepMetrics metrics) => Append(
    [
        .. Scalar(Now, metrics.Number, "train/loss", (float)metrics.Loss),
        .. Scalar(Now, metrics.Number, "train/grad_norm", (float)metrics.GradientNorm),
        .. Scalar(Now, metrics.Number, "train/lr", (float)metrics.Rate),
        .. Scalar(Now, metrics.Number, "train/tokens_per_s", (float)metrics.TokensPerSecond),
    ]);

    /// <inheritdoc/>
    public void OnEvaluation(long step, EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        foreach (var (name, value) in result.Metrics) Append(Scalar(Now, step, $"eval/{name}", (float)value));
        for (int i = 0; i < result.Samples.Count; i++)
            if (result.Samples[i].Png is { Length: > 24 } png) Append(Image(Now, step, $"sample/{i}", png.Span));
    }

    /// <inheritdoc/>
    public void Sync() => stream?.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void End(RunStatus status) => Sync();

    /// <summary>Closes the file.</summary>
    public void Dispose() => stream?.Dispose();

    private double Now => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private void Append(ReadOnlySpan<byte> records) =>
        (stream ?? throw new InvalidOperationException("The run has not begun.")).Write(records);

    /// <summary>The first record of a file.</summary>
    internal static byte[] FileVersion(double time) => Event(time, 0, 3, "brain.Event:2"u8);

    /// <summary>A record of one number.</summary>
    internal static byte[] Scalar(double time, long step, string tag, float value)
    {
        Span<byte> number = stackalloc byte[5];
        number[0] = 0x15; // simple_value = 2, 32 bits
        BinaryPrimitives.WriteSingleLittleEndian(number[1..], value);
        return Value(time, step, tag, number);
    }

    /// <summary>A record of a picture; the size stands in a PNG file's first chunk.</summary>
    private static byte[] Image(double time, long step, string tag, ReadOnlySpan<byte> png)
    {
        var image = new ArrayBufferWriter<byte>();
        Integer(image, 1, BinaryPrimitives.ReadUInt32BigEndian(png[20..]));
        Integer(image, 2, BinaryPrimitives.ReadUInt32BigEndian(png[16..]));
        Integer(image, 3, 3); // RGB
        Bytes(image, 4, png);
        var value = new ArrayBufferWriter<byte>();
        Bytes(value, 4, image.WrittenSpan);
        return Value(time, step, tag, value.WrittenSpan);
    }

    private static byte[] Value(double time, long step, string tag, ReadOnlySpan<byte> content)
    {
        var value = new ArrayBufferWriter<byte>();
        Bytes(value, 1, Encoding.UTF8.GetBytes(tag.Length <= LongestText ? tag : tag[..LongestText]));
        value.Write(content);
        var summary = new ArrayBufferWriter<byte>();
        Bytes(summary, 1, value.WrittenSpan);
        return Event(time, step, 5, summary.WrittenSpan);
    }

    /// <summary>Event { wall_time = 1, step = 2, what = field }, framed.</summary>
    private static byte[] Event(double time, long step, int field, ReadOnlySpan<byte> content)
    {
        var message = new ArrayBufferWriter<byte>();
        Span<byte> wallTime = stackalloc byte[9];
        wallTime[0] = 0x09; // wall_time = 1, 64 bits
        BinaryPrimitives.WriteDoubleLittleEndian(wallTime[1..], time);
        message.Write(wallTime);
        if (step != 0) Integer(message, 2, (ulong)step);
        Bytes(message, field, content);
        return Frame(message.WrittenSpan);
    }

    private static byte[] Frame(ReadOnlySpan<byte> payload)
    {
        byte[] record = new byte[12 + payload.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Masked(record.AsSpan(0, 8)));
        payload.CopyTo(record.AsSpan(12));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + payload.Length), Masked(payload));
        return record;
    }

    /// <summary>CRC-32C, rotated and shifted: a plain checksum is weak for data that contain checksums.</summary>
    private static uint Masked(ReadOnlySpan<byte> data) => BitOperations.RotateRight(Crc32C(data), 15) + 0xA282EAD8;

    /// <summary>The checksum of RFC 3720, section 12.1.</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    private static void Integer(ArrayBufferWriter<byte> to, int field, ulong value)
    {
        Varint(to, (ulong)field << 3);
        Varint(to, value);
    }

    private static void Bytes(ArrayBufferWriter<byte> to, int field, ReadOnlySpan<byte> value)
    {
        Varint(to, ((ulong)field << 3) | 2);
        Varint(to, (ulong)value.Length);
        to.Write(value);
    }

    private static void Varint(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7) to.Write([(byte)(value | 0x80)]);
        to.Write([(byte)value]);
    }
}
