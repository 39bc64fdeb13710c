using VlmSharp.Formats;

namespace VlmSharp.Checkpoints;

/// <summary>
/// MLX stores the patch convolution as [d, p, p, 3]; PyTorch has [d, 3, p, p]. The numbers are the same in another order, so such a folder
/// loads after they are reordered. This is the only weight with a different order.
/// </summary>
internal static unsafe class ChannelsLast
{
    /// <summary>Whether a tensor is stored with its channels last.</summary>
    /// <param name="spec">The tensor as the model defines it.</param>
    /// <param name="entry">The tensor as stored.</param>
    public static bool Is(TensorSpec spec, SafetensorsEntry entry) =>
        spec.Shape is [var d, var channels, var rows, var columns] && channels != columns
        && entry.Shape.AsSpan().SequenceEqual([d, rows, columns, channels]);

    /// <summary>Moves the channels before the rows.</summary>
    /// <param name="file">The file, which owns the copy.</param>
    /// <param name="entry">One of its tensors, [d, rows, columns, channels].</param>
    /// <returns>Address of [d, channels, rows, columns], valid until the file is disposed.</returns>
    public static nint Transpose(SafetensorsFile file, SafetensorsEntry entry)
    {
        int size = entry.Type.Size(), channels = (int)entry.Shape[3];
        long pixels = entry.Shape[1] * entry.Shape[2];
        var from = (byte*)file.DataPointer(entry);
        var to = (byte*)file.Allocate(entry.ByteLength);
        for (long d = 0; d < entry.Shape[0]; d++)
        {
            for (long pixel = 0; pixel < pixels; pixel++)
            {
                for (int c = 0; c < channels; c++, from += size)
                    Buffer.MemoryCopy(from, to + (((d * channels + c) * pixels + pixel) * size), size, size);
            }
        }

        return (nint)to;
    }
}
