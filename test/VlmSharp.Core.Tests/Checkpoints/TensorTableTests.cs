using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Models;

namespace VlmSharp.Core.Tests.Checkpoints;

/// <summary>The published sizes have exactly the expected number of parameters.</summary>
public class TensorTableTests
{
    private const string Pg1 = """
        "model_type":"gemma","hidden_size":2048,"intermediate_size":16384,"num_hidden_layers":18,"num_attention_heads":8,
        "num_key_value_heads":1,"vocab_size":257216
        """;
    private const string Pg2 = """ "model_type":"gemma2","vocab_size":257216 """;
    private const string Pg2Of10B = """
        "model_type":"gemma2","hidden_size":3584,"intermediate_size":14336,"num_hidden_layers":42,"num_attention_heads":16,
        "num_key_value_heads":8,"vocab_size":257216
        """;
    private const string Pg2Of28B = """
        "model_type":"gemma2","hidden_size":4608,"intermediate_size":36864,"num_hidden_layers":46,"num_attention_heads":32,
        "num_key_value_heads":16,"head_dim":128,"query_pre_attn_scalar":144,"vocab_size":257216
        """;

    internal static PaliGemmaConfig Published(string text, int resolution) => ConfigReader.Read(Encoding.UTF8.GetBytes($$"""
        {"model_type":"paligemma","image_token_index":257152,"text_config":{ {{text}} },
         "vision_config":{"model_type":"siglip_vision_model","hidden_size":1152,"intermediate_size":4304,"num_attention_heads":16,
           "num_hidden_layers":27,"patch_size":14,"image_size":{{resolution}},"vision_use_head":false} }
        """), "config.json");

    [Theory]
    [InlineData(Pg1, 224, 412_442_352, 2_361_344, 2_923_466_480, 603)]
    [InlineData(Pg1, 448, 413_327_088, 2_361_344, 2_924_351_216, 603)]
    [InlineData(Pg1, 896, 416_866_032, 2_361_344, 2_927_890_160, 603)]
    [InlineData(Pg2, 224, 412_442_352, 2_656_512, 3_032_242_416, 727)]
    [InlineData(Pg2, 448, 413_327_088, 2_656_512, 3_033_127_152, 727)]
    [InlineData(Pg2, 896, 416_866_032, 2_656_512, 3_036_666_096, 727)]
    [InlineData(Pg2Of10B, 224, 412_442_352, 4_132_352, 9_662_638_832, 903)]
    [InlineData(Pg2Of10B, 448, 413_327_088, 4_132_352, 9_663_523_568, 903)]
    [InlineData(Pg2Of10B, 896, 416_866_032, 4_132_352, 9_667_062_512, 903)]
    [InlineData(Pg2Of28B, 224, 412_442_352, 5_313_024, 27_650_487_024, 947)]
    [InlineData(Pg2Of28B, 448, 413_327_088, 5_313_024, 27_651_371_760, 947)]
    [InlineData(Pg2Of28B, 896, 416_866_032, 5_313_024, 27_654_910_704, 947)]
    public void PublishedSizesHaveTheirParametersAndTensors(
        string text, int resolution, long vision, long projector, long total, int tensors)
    {
        PaliGemmaConfig config = Published(text, resolution);
        ParameterCounts counts = TensorTable.Count(config);
        Assert.Equal(vision, counts.VisionTower);
        Assert.Equal(projector, counts.Projector);
        Assert.Equal(total, counts.Total);
        IReadOnlyList<TensorSpec> table = TensorTable.For(config);
        Assert.Equal(tensors, table.Count);
        Assert.Equal(tensors, table.Select(spec => spec.Name).Distinct().Count());
    }

    [Fact]
    public void TheDecoderOfTheFirstModelHasItsPublishedSize() =>
        Assert.Equal(2_508_662_784, TensorTable.Count(Published(Pg1, 224)).Decoder);

    [Fact]
    public void TheLargestModelScalesQueriesByOneTwelfth()
    {
        TextConfig text = Published(Pg2Of28B, 224).Text;
        Assert.Equal(1f / 12, text.QueryScale);
        Assert.Equal(128, text.HeadDim);
        Assert.Equal(67.88225f, Published(Pg2Of28B, 224).EmbeddingScale, 1e-5f);
    }
}
