using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Tests.Ptx.Memory;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// How a struct of arguments lies in a kernel's parameter: fields one after the other, each at a multiple of its alignment; a view is
/// an address and a length in elements, 8 bytes each; structs inside structs likewise.
/// </summary>
internal sealed class ArgumentLayout
{
    private static readonly ConcurrentDictionary<Type, ArgumentLayout> Known = new();
    private static readonly ConcurrentDictionary<Type, Func<object, (MemoryRange Bytes, long Elements)>> Places = new();
    private readonly List<(FieldInfo[] Path, int Offset, Type Type)> leaves = [];
    private readonly int bytes;

    private ArgumentLayout(Type type) => (bytes, _) = Add(type, [], 0);

    public static ArgumentLayout Of(Type type) => Known.GetOrAdd(type, t => new ArgumentLayout(t));

    /// <summary>The parameter's bytes, and the memory that its views show.</summary>
    public (byte[] Parameter, MemoryRange[] Ranges) Write(object args)
    {
        var parameter = new byte[bytes];
        var ranges = new List<MemoryRange>();
        foreach (var (path, offset, type) in leaves)
        {
            object value = path.Aggregate(args, (owner, field) => field.GetValue(owner)!);
            Span<byte> to = parameter.AsSpan(offset);
            if (IsView(type)) WriteView(Place(type, value), to, ranges);
            else WriteNumber(value, to);
        }

        return (parameter, [.. ranges]);
    }

    private static void WriteView((MemoryRange Bytes, long Elements) view, Span<byte> to, List<MemoryRange> ranges)
    {
        if (view.Elements == 0) return;
        MemoryMarshal.Write(to, view.Bytes.Start);
        MemoryMarshal.Write(to[8..], view.Elements);
        ranges.Add(view.Bytes);
    }

    /// <summary>Where a view of any type lies.</summary>
    private static (MemoryRange Bytes, long Elements) Place(Type type, object view) => Places.GetOrAdd(type, MakePlace)(view);

    private static Func<object, (MemoryRange Bytes, long Elements)> MakePlace(Type type) =>
        typeof(ArgumentLayout).GetMethod(nameof(PlaceOf), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type.GetGenericArguments()).CreateDelegate<Func<object, (MemoryRange Bytes, long Elements)>>();

    private static (MemoryRange Bytes, long Elements) PlaceOf<T>(object boxed) where T : unmanaged
    {
        var view = (ArrayView<T>)boxed;
        if (!view.IsValid || view.Length == 0) return default;
        return (new((ulong)view.LoadEffectiveAddressAsPtr(), (ulong)view.LengthInBytes), view.Length);
    }

    private static void WriteNumber(object value, Span<byte> to)
    {
        switch (value)
        {
            case bool b: to[0] = b ? (byte)1 : (byte)0; break;
            case byte b: to[0] = b; break;
            case sbyte b: to[0] = (byte)b; break;
            case short s: MemoryMarshal.Write(to, s); break;
            case ushort s: MemoryMarshal.Write(to, s); break;
            case int i: MemoryMarshal.Write(to, i); break;
            case uint i: MemoryMarshal.Write(to, i); break;
            case long l: MemoryMarshal.Write(to, l); break;
            case ulong l: MemoryMarshal.Write(to, l); break;
            case float f: MemoryMarshal.Write(to, f); break;
            case double d: MemoryMarshal.Write(to, d); break;
            default: throw new NotSupportedException("an argument of type " + value.GetType());
        }
    }

    /// <summary>Places a type at the next multiple of its alignment; returns its size and alignment.</summary>
    private (int Bytes, int Align) Add(Type type, FieldInfo[] path, int offset)
    {
        if (IsLeaf(type))
        {
            int size = IsView(type) ? 16 : NumberBytes(type), align = Math.Min(size, 8);
            leaves.Add((path, Align(offset, align), type));
            return (size, align);
        }

        int alignment = Alignment(type), start = Align(offset, alignment), used = start;
        foreach (FieldInfo field in Fields(type))
        {
            used = Align(used, Alignment(field.FieldType));
            used += Add(field.FieldType, [.. path, field], used).Bytes;
        }

        return (Align(used - start, alignment), alignment);
    }

    private static int Alignment(Type type) =>
        IsView(type) ? 8 : IsLeaf(type) ? NumberBytes(type) : Fields(type).Select(f => Alignment(f.FieldType)).DefaultIfEmpty(1).Max();

    private static int NumberBytes(Type type) => type == typeof(bool) ? 1 : Marshal.SizeOf(type);

    private static IEnumerable<FieldInfo> Fields(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(f => f.MetadataToken);

    private static bool IsLeaf(Type type) => type.IsPrimitive || IsView(type);

    private static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    private static int Align(int value, int align) => (value + align - 1) / align * align;
}
