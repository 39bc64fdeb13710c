using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Preprocessing;

namespace VlmSharp.Core.Tests.Preprocessing;

public class PreprocessorConfigTests
{
    [Theory]
    [InlineData("pg1")]
    [InlineData("pg1odd")]
    [InlineData("pg2")]
    public void ReadsTheGoldenModelsFiles(string model)
    {
        string path = GoldenFiles.PathOf("models", model, "preprocessor_config.json");
        var config = PreprocessorConfig.FromJson(File.ReadAllBytes(path), path);
        Assert.True(config.Size > 0);
        Assert.Equal(0.00392156862745098, config.RescaleFactor);
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Mean);
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Std);
    }

    [Fact]
    public void WhatIsLeftOutHasTheDefaults()
    {
        PreprocessorConfig config = Read("{\"size\": {\"height\": 448, \"width\": 448}, \"do_convert_rgb\": null, \"unknown\": 7}");
        Assert.Equal(448, config.Size);
        Assert.Equal(1.0 / 255, config.RescaleFactor);
        Assert.Equal(224, Read("{}").Size);
        Assert.Equal(70, Read("{\"size\": 70}").Size);
    }

    [Theory]
    [InlineData("{\"resample\": 2}", "'resample' to 2")]
    [InlineData("{\"resample\": \"bicubic\"}", "a text in 'resample'")]
    [InlineData("{\"do_resize\": false}", "'do_resize' to false")]
    [InlineData("{\"do_rescale\": false}", "'do_rescale' to false")]
    [InlineData("{\"do_normalize\": false}", "'do_normalize' to false")]
    [InlineData("{\"do_center_crop\": true}", "'do_center_crop' to true")]
    [InlineData("{\"do_pan_and_scan\": true}", "'do_pan_and_scan' to true")]
    [InlineData("{\"size\": {\"height\": 448, \"width\": 224}}", "a square")]
    [InlineData("{\"size\": {\"shortest_edge\": 448}}", "a height and a width")]
    [InlineData("{\"size\": 0}", "between 1 and 4096")]
    [InlineData("{\"size\": 1e9}", "between 1 and 4096")]
    [InlineData("{\"image_mean\": [0.5, 0.5]}", "2 numbers in 'image_mean', which takes 3")]
    [InlineData("{\"image_mean\": [0.5, 0.5, \"x\"]}", "a list of numbers")]
    [InlineData("{\"image_std\": [0.5, 0.5, 0]}", "other than 0")]
    [InlineData("{\"rescale_factor\": \"1/255\"}", "rescale_factor")]
    [InlineData("[]", "a JSON object")]
    [InlineData("{\"size\":", "not well-formed JSON")]
    [InlineData("", "not well-formed JSON")]
    [InlineData("{\"size\": 224, \"size\": 448}", "not well-formed JSON")]
    [InlineData("{\"image_mean\": [1e39, 0, 0]}", "1e39 in 'image_mean'")]
    [InlineData("{\"rescale_factor\": 0}", "above 0")]
    public void RefusesWhatItCannotDo(string json, string part)
    {
        var error = Assert.Throws<ModelFormatException>(() => Read(json));
        Assert.StartsWith("model/preprocessor_config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static PreprocessorConfig Read(string json) =>
        PreprocessorConfig.FromJson(Encoding.UTF8.GetBytes(json), "model/preprocessor_config.json");
}
